-- Columns out of JSON bodies, of every type, passed on.
INSERT INTO `engine/10-json-columns`
SELECT message_id AS id, device, celsius, humidity, counter, price, ok, position, measured, price * 2 AS twice,
       celsius * 1.8 + 32 AS fahrenheit, upper(device) AS name
FROM STREAM readings
