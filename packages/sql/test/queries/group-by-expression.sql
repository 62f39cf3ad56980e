-- plan
SELECT upper(subject) || '!' AS u, count(*) AS n FROM STREAM s GROUP BY upper(subject), window(time, '5 seconds')
