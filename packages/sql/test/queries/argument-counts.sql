-- error ARGUMENT_COUNT ARGUMENT_COUNT ARGUMENT_COUNT ARGUMENT_COUNT
SELECT upper() AS a, upper(body, body) AS b, greatest(priority) AS c, map('a') AS d FROM STREAM s
