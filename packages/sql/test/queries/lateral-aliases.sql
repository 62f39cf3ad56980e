-- plan
SELECT try_cast(body AS INT) AS v, v + 1 AS w, w * w AS x FROM STREAM s
