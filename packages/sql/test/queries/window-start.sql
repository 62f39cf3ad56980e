-- error BAD_WINDOW
SELECT count(*) AS n FROM STREAM s GROUP BY window(time, '5 seconds', '5 seconds', '1 second')
