-- error SYNTAX
INSERT INTO dead-letters SELECT body FROM STREAM s
