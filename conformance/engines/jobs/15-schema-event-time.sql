-- Windows over the event time of the schema, which says the delay; several groups.
INSERT INTO `engine/15-schema-event-time`
SELECT window.start AS start, device, ok, count(*) AS n, min(celsius) AS low, max(measured) AS last, sum(counter) AS total
FROM STREAM readings
GROUP BY window(measured, '30 seconds', '10 seconds'), device, ok
