-- error SYNTAX
UPDATE t SET body = 1
