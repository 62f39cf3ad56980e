-- error UNKNOWN_COLUMN
SELECT window.stat FROM STREAM s GROUP BY window(time, '5 seconds')
