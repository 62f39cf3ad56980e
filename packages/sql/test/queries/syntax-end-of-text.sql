-- error SYNTAX
SELECT body FROM STREAM s WHERE (body = 'a'
