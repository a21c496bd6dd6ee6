-- What has arrived stays for a while, so that it can be sent again. It is dead too, as nothing more is due of it.

-- delivered: the place in the log of the try that it arrived with; 0 where it has not.
ALTER TABLE {s}scim_delivery ADD COLUMN delivered BIGINT NOT NULL DEFAULT 0;
CREATE INDEX scim_delivery_delivered ON {s}scim_delivery (tenant, endpoint, delivered) WHERE delivered > 0;

DROP INDEX {s}scim_delivery_dead;
CREATE INDEX scim_delivery_dead ON {s}scim_delivery (tenant, endpoint, sequence) WHERE dead AND delivered = 0;
