-- error TYPE_MISMATCH
SELECT body + body AS a FROM STREAM s
