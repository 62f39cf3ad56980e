-- error UNKNOWN_COLUMN UNKNOWN_FUNCTION TYPE_MISMATCH UNKNOWN_COLUMN
SELECT bdy AS a,
       uper(body) AS b,
       body + subject AS c
FROM STREAM s
WHERE prioritty > 3
