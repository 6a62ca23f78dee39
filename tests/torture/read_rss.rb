# Ruby's own library, strictly: a document that RSS 2.0 or RFC 4287 does not allow raises. Prints what it read as JSON.
require "json"
require "rss"
require "time"

def text(node)
  node.respond_to?(:content) ? node.content : node
end

def instant(node)
  value = text(node)
  value.nil? ? nil : value.getutc.iso8601
end

def item(it)
  enclosure = it.enclosure
  {
    id: it.guid.content, title: it.title, link: it.link, published: instant(it.pubDate),
    description: it.description, encoded: it.content_encoded, authors: it.dc_creators.map(&:content),
    categories: it.categories.map(&:content), language: it.dc_language, enclosure: enclosure && [enclosure.url, enclosure.type, enclosure.length]
  }
end

def entry(en)
  links = en.links
  {
    id: en.id.content, title: en.title.content, link: links.find { |one| one.rel == "alternate" }.href,
    published: instant(en.published), updated: instant(en.updated), summary: text(en.summary), content: text(en.content),
    authors: en.authors.map { |one| one.name.content }, categories: en.categories.map(&:term),
    enclosures: links.select { |one| one.rel == "enclosure" }.map { |one| [one.href, one.type, one.length && Integer(one.length)] }
  }
end

feed = RSS::Parser.parse(File.binread(ARGV.fetch(0)), true)
read = feed.is_a?(RSS::Rss) ? feed.items.map { |it| item(it) } : feed.entries.map { |en| entry(en) }
puts JSON.generate({ format: feed.feed_type, items: read })
