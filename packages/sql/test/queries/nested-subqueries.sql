-- plan
SELECT c FROM (SELECT b AS c FROM (SELECT upper(body) AS b FROM STREAM s) AS x) y WHERE y.c <> ''
