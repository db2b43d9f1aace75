-- One person's Records in one channel, at once however many the person has elsewhere.
--
-- Why so: strikes are derived from them before every act, and a chatter's page in the console asks for them; with ten
-- million Records the busiest chatter has tens of thousands, and finding one channel's among them took 60 ms.

CREATE INDEX records_by_chatter_there ON records (chatter_id, channel_id, ts_ms);
