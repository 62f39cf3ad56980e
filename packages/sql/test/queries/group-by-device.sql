-- plan
INSERT INTO averages SELECT address AS device, count(*) AS n FROM STREAM `devices/#` GROUP BY window(time, '5 seconds'), address HAVING count(*) > 10
