-- error NO_WATERMARK
SELECT count(*) AS n FROM STREAM s GROUP BY window(to_timestamp(body), '5 seconds')
