-- error NO_WATERMARK
SELECT count(*) AS n FROM STREAM s WATERMARK creation_time DELAY OF INTERVAL 5 SECONDS GROUP BY window(time, '5 seconds')
