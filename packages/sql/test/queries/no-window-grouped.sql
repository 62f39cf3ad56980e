-- error NO_WINDOW
SELECT address, count(*) AS n FROM STREAM s GROUP BY address, subject
