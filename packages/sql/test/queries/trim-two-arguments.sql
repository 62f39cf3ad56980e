-- error ARGUMENT_COUNT
SELECT trim('x', body) AS a FROM STREAM s
