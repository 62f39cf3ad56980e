-- error TYPE_MISMATCH
SELECT priority IN (1, true) AS a FROM STREAM s
