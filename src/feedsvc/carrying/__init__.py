"""What is live in the feeds folder is carried to a bucket of object storage, by one replica at a time.

carrier    a thread of the worker that carries, and says how it gets on
haul       one tenure: what lies there against what is live here, each difference carried away
tenure     who writes to a bucket: one replica, for as long as it says that it lives
porter     one document, on its condition
load       what waits to be carried, in which order
parcels    what is to lie there, and under which addresses
"""
