-- Groups by a property, by a column and by an expression.
INSERT INTO `engine/05-by-property`
SELECT window.start AS start, properties['line'] AS line, subject, priority > 4 AS urgent, count(*) AS n,
       sum(try_cast(body AS DECIMAL(6, 2))) AS total
FROM STREAM temperature
GROUP BY window(time, '5 seconds'), properties['line'], subject, priority > 4
