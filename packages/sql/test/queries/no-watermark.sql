-- error NO_WATERMARK
SELECT count(*) AS n FROM STREAM s GROUP BY window(creation_time, '5 seconds')
