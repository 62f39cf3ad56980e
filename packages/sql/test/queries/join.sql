-- error UNSUPPORTED
SELECT a.body FROM STREAM a JOIN STREAM b ON a.subject = b.subject
