-- error TYPE_MISMATCH TYPE_MISMATCH TYPE_MISMATCH TYPE_MISMATCH
SELECT durable + 1 AS a, time - time AS b, priority DIV 2.5D AS c, -durable AS d FROM STREAM s
