-- error BAD_WINDOW
SELECT window(time, '6 seconds').start AS a FROM STREAM s GROUP BY window(time, '5 seconds')
