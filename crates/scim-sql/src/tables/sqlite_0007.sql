-- What has arrived stays for a while, so that it can be sent again. It is dead too, as nothing more is due of it.

-- delivered: the place in the log of the try that it arrived with; 0 where it has not.
ALTER TABLE scim_delivery ADD COLUMN delivered INTEGER NOT NULL DEFAULT 0;
CREATE INDEX scim_delivery_delivered ON scim_delivery (tenant, endpoint, delivered) WHERE delivered > 0;

DROP INDEX scim_delivery_dead;
CREATE INDEX scim_delivery_dead ON scim_delivery (tenant, endpoint, sequence) WHERE dead AND delivered = 0;
