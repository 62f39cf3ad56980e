-- a failed cast stops the job and says where, and for which row
INSERT INTO t SELECT CAST(body AS INT) + 1 AS n FROM STREAM s WHERE body <> 'skip me'
-- input
{"time": 1, "body": "skip me"}
{"time": 2, "body": "twelve"}
-- output
[CAST_INVALID_INPUT] 'twelve' is no INT; correct the value, or use try_cast, which gives NULL instead
CAST(body AS INT)
{"body":"twelve"}
