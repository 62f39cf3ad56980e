-- plan
SELECT upper(subject) AS subject, count(*) AS n FROM STREAM s GROUP BY window(time, '5 seconds'), subject
