-- error BAD_GROUP
SELECT body FROM STREAM s HAVING body = 'x'
