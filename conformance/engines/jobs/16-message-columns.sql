-- A message passed on with what it brings.
INSERT INTO `engine/16-message-columns`
SELECT body_bytes AS body, map_concat(properties, map('was', address)) AS properties, subject, message_id, correlation_id, content_type,
       priority, durable, reply_to
FROM STREAM temperature
