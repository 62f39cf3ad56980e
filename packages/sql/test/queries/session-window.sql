-- error UNSUPPORTED
SELECT count(*) AS n FROM STREAM s GROUP BY session_window(time, '5 seconds')
