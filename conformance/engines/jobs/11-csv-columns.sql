-- Columns out of CSV bodies, in windows.
INSERT INTO `engine/11-csv-columns`
SELECT window.start AS start, site, phase, count(*) AS n, count(kwh) AS metered, sum(kwh) AS energy, avg(kwh) AS average, max(meter) AS last
FROM STREAM meters
WHERE phase IS NOT NULL
GROUP BY window(time, '3 seconds'), site, phase
