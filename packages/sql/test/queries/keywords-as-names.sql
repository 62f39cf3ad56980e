-- plan
SELECT body AS stream, subject AS filter, stream AS delay, message_id AS END FROM STREAM stream
