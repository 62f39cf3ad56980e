-- error OUTPUT_NAME OUTPUT_NAME
INSERT INTO t SELECT upper(subject), subject AS a, message_id AS A FROM STREAM s
