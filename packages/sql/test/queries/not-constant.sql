-- error NOT_CONSTANT NOT_CONSTANT NOT_CONSTANT
SELECT body LIKE subject AS a, regexp_extract(body, subject) AS b, get_json_object(body, subject) AS c FROM STREAM s
