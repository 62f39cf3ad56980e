-- plan
SELECT count(*) AS n FROM STREAM s WATERMARK time DELAY OF INTERVAL 0 SECONDS GROUP BY window(time, '5 seconds')
