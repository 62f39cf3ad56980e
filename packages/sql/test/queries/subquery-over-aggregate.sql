-- plan
INSERT INTO t SELECT m * 2 AS doubled, w.start AS start FROM (SELECT max(priority) AS m, window AS w FROM STREAM s GROUP BY window(time, '5 seconds')) WHERE m > 3
