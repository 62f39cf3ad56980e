-- FILTER, HAVING, count_if, and a WHERE before.
INSERT INTO `engine/03-filter-having`
SELECT window.start AS start, subject AS hall, count_if(try_cast(body AS INT) >= 30) AS hot,
       count(*) FILTER (WHERE try_cast(body AS INT) IS NULL) AS unreadable,
       avg(try_cast(body AS DOUBLE)) FILTER (WHERE priority > 4) AS urgent
FROM STREAM temperature
WHERE body <> 'ignore'
GROUP BY window(time, '2 seconds'), subject
HAVING count(*) > 1 AND max(try_cast(body AS INT)) > 20
