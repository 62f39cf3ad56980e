-- plan
SELECT 'tick' AS body FROM STREAM s
