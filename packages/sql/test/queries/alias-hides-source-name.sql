-- plan
SELECT a.body FROM STREAM s AS a
