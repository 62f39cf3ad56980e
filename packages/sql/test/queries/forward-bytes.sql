-- plan
INSERT INTO TABLE archive SELECT body_bytes AS body, content_type FROM STREAM orders
