-- plan
INSERT INTO archive SELECT body, properties, subject, ttl, durable FROM STREAM orders WHERE subject LIKE 'order-%'
