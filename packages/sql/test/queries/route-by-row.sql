-- plan
INSERT INTO other SELECT body, concat('alarms/', subject) AS address FROM STREAM alarms
