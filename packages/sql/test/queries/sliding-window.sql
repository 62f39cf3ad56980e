-- plan
INSERT INTO averages SELECT avg(CAST(body AS DOUBLE)) AS average, window.end AS at FROM STREAM s GROUP BY window(time, '1 minute', '10 seconds')
