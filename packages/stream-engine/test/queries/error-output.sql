-- a row that no message can carry
INSERT INTO t SELECT body, CAST(body AS INT) AS priority FROM STREAM s
-- input
{"time": 1, "body": "4"}
{"time": 2, "body": "256"}
-- output
[INVALID_OUTPUT] the priority 256 is not between 0 and 255
INSERT INTO t SELECT body, CAST(body AS INT) AS priority FROM STREAM s
{"body":"256","priority":256}
