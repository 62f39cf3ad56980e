-- error UNKNOWN_COLUMN
SELECT upper(body) AS loud FROM STREAM s WHERE loud = 'X'
