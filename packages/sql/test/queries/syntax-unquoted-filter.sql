-- error SYNTAX
SELECT body FROM STREAM devices/+/temperature
