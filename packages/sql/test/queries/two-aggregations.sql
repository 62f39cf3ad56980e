-- error UNSUPPORTED
SELECT max(n) AS m FROM (SELECT window.start AS t, count(*) AS n FROM STREAM s GROUP BY window(time, '5 seconds')) GROUP BY window(t, '1 minute')
