-- error SYNTAX
SELECT body FROM s
