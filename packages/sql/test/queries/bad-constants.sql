-- error BAD_LITERAL BAD_LITERAL BAD_LITERAL BAD_LITERAL BAD_LITERAL BAD_LITERAL
SELECT get_json_object(body, 'a.b') AS a, date_trunc('fortnight', time) AS b, date_format(time, 'YYYY') AS c, sha2(body, 255) AS d, body LIKE 'a' ESCAPE 'xy' AS e, body LIKE 'a!b' ESCAPE '!' AS f FROM STREAM s
