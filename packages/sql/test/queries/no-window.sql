-- error NO_WINDOW
SELECT max(body) AS m FROM STREAM s
