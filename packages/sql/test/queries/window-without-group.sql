-- error UNKNOWN_COLUMN
SELECT window.start, body FROM STREAM s
