-- error LOOP
INSERT INTO `devices/a/t` SELECT body FROM STREAM `devices/+/t`
