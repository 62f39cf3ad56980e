-- plan
SELECT window, window.START AS a, window(time, '5 seconds').end AS b FROM STREAM s GROUP BY window(time, 'interval 5 seconds')
