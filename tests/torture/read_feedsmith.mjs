// feedsmith, an npm package: it tells the format by itself. Prints what it read as JSON.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const [folder, file] = process.argv.slice(2)
const { parseFeed } = createRequire(`${folder}/`)('feedsmith')
process.stdout.write(JSON.stringify(parseFeed(readFileSync(file, 'utf8'))))
