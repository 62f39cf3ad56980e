-- error TYPE_MISMATCH
SELECT body.temperature AS t FROM STREAM s
